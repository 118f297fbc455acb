"""What one trade costs, exactly: cash now, and what spread and market impact are expected to take."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from core.money import ZERO


class TradeCosts(Struct, frozen=True, gc=False):
    """The costs of one trade in its currency. Commission, fees and fx are cash; spread and impact are expected.

    `fees` is the sum of `fee_details`, the regulatory fees by name. `impact` is None if it was asked for and the
    asset's volume or volatility is unknown; it then counts nothing.
    """

    commission: Decimal = ZERO
    fees: Decimal = ZERO
    spread: Decimal = ZERO
    impact: Decimal | None = ZERO
    fx: Decimal = ZERO
    fee_details: tuple[tuple[str, Decimal], ...] = ()

    @property
    def cash(self) -> Decimal:
        """What leaves the account beside price times quantity."""
        return self.commission + self.fees + self.fx

    @property
    def expected(self) -> Decimal:
        """What the fill is expected to be worse by than the quote."""
        return self.spread + (self.impact or ZERO)

    @property
    def total(self) -> Decimal:
        """Everything known."""
        return self.cash + self.expected
