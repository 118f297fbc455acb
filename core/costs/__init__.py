"""What a trade costs: commission, regulatory fees, spread, impact and currency conversion. Pure."""
