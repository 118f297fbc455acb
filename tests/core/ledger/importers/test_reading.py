"""What all profiles share: rows that belong together, trades, symbols and ids."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.core.ledger.importers.exports import drafts, left, only, read, said, shipped

SCHWAB = '"Date","Action","Symbol","Description","Quantity","Price","Fees & Comm","Amount"\n'
FIDELITY = (
    "Run Date,Action,Symbol,Description,Type,Quantity,Price ($),Commission ($),Fees ($),Accrued Interest ($),"
    "Amount ($),Settlement Date\n"
)
T212 = (
    "Action,Time,ISIN,Ticker,Name,ID,No. of shares,Price / share,Currency (Price / share),Exchange rate,"
    "Total,Currency (Total),Withholding tax,Currency (Withholding tax),Finra fee,Currency (Finra fee)\n"
)
IBKR = (
    "Trades,Header,DataDiscriminator,Asset Category,Currency,Symbol,Date/Time,Quantity,T. Price,C. Price,Proceeds,"
    "Comm/Fee,Basis,Realized P/L,MTM P/L,Code\n"
)
IBKR_DIVIDENDS = "Dividends,Header,Currency,Date,Description,Amount\n"
IBKR_TAX = "Withholding Tax,Header,Currency,Date,Description,Amount,Code\n"
IBKR_ACTIONS = (
    "Corporate Actions,Header,Asset Category,Currency,Report Date,Date/Time,Description,Quantity,Proceeds,Value,"
    "Realized P/L,Code\n"
)
GENERIC = (
    "date,time,kind,symbol,quantity,price,fees,amount,currency,rate,withheld,ratio,to,basis_share,acquired,id\n"
)


# -- rows that belong together


def dividend(amount: str, per_share: str = "0.95", day: str = "2026-03-31", more: str = "") -> str:
    text = f"VTI(US9229087690) Cash Dividend USD {per_share} per Share{more} (Ordinary Dividend)"
    return f"Dividends,Data,USD,{day},{text},{amount}\n"


def tax(amount: str, per_share: str = "0.95", day: str = "2026-03-31") -> str:
    text = f"VTI(US9229087690) Cash Dividend USD {per_share} per Share - US Tax"
    return f"Withholding Tax,Data,USD,{day},{text},{amount},\n"


def test_each_tax_goes_to_the_dividend_of_its_wording() -> None:
    text = IBKR_DIVIDENDS + dividend("19") + dividend("4", "0.20") + IBKR_TAX + tax("-0.6", "0.20") + tax("-2.85")
    assert [said(d)[3:5] for d in drafts(read(text))] == [("16.15", "2.85"), ("3.4", "0.6")]


def test_tax_that_was_withheld_anew_is_summed() -> None:
    text = IBKR_DIVIDENDS + dividend("19") + IBKR_TAX + tax("-5.7") + tax("5.7") + tax("-2.85")
    assert [said(d)[3:5] for d in drafts(read(text))] == [("16.15", "2.85")]


def test_tax_without_its_dividend_is_a_fee_that_says_so() -> None:
    (refund,) = drafts(read(IBKR_TAX + tax("1.05", day="2025-12-19")))
    assert said(refund) == ("2025-12-19", "fee", "VTI", "1.05", None, "USD")
    assert refund.note == "withholding tax whose dividend is not in the file"


def test_tax_that_cancels_itself_is_left_out() -> None:
    table = read(IBKR_TAX + tax("-1.05") + tax("1.05"))
    assert drafts(table) == []
    assert len(left(table, "ignored")) == 2


def test_more_tax_than_dividend_is_not_recorded_by_itself() -> None:
    table = read(IBKR_DIVIDENDS + dividend("1") + IBKR_TAX + tax("-1.5"))
    assert list(left(table, "unreadable")) == [2]


def test_a_dividend_taken_back_that_is_not_in_the_file_cannot_be_read() -> None:
    assert "takes back a dividend" in only(read(IBKR_DIVIDENDS + dividend("-19", more=" - Reversal"))).reason


def test_dividend_and_purchase_of_two_days_stay_two_entries() -> None:
    text = (
        SCHWAB
        + '"04/02/2026","Reinvest Shares","BND","X","0.5","$73.50","","-$36.75"\n'
        + '"04/01/2026","Reinvest Dividend","BND","X","","","","$36.75"\n'
    )
    assert [said(d)[:4] for d in drafts(read(text))] == [
        ("2026-04-02", "buy", "BND", "0.5"),
        ("2026-04-01", "dividend", "BND", "36.75"),
    ]


def test_a_cancelled_trade_that_is_not_in_the_file_cannot_be_read() -> None:
    row = 'Trades,Data,Order,Stocks,USD,VTI,"2026-03-02, 11:00:00",-5,310,311,1550,1,-1551,0,0,Ca\n'
    assert "cancels a trade that is not in the file" in only(read(IBKR + row)).reason


def test_a_cancel_that_could_mean_one_of_two_trades_cannot_be_read() -> None:
    rows = (
        'Trades,Data,Order,Stocks,USD,VTI,"2026-03-02, 11:00:00",5,310,311,-1550,-1,1551,0,0,O\n'
        'Trades,Data,Order,Stocks,USD,VTI,"2026-03-02, 12:00:00",5,310,311,-1550,-1,1551,0,0,O\n'
        'Trades,Data,Order,Stocks,USD,VTI,"2026-03-02, 13:00:00",-5,310,311,1550,1,-1551,0,0,Ca\n'
    )
    assert left(read(IBKR + rows), "unreadable") == {
        4: "cancels one of several trades: correct it by hand, with `strikezone ledger`"
    }


def test_single_executions_are_read_where_there_are_no_orders_and_not_twice() -> None:
    fill = 'Trades,Data,Trade,Stocks,USD,VTI,"2026-02-03, 10:32:10",5,300,301,-1500,-1,1501,0,5,O\n'
    order = 'Trades,Data,Order,Stocks,USD,VTI,"2026-02-03, 10:32:10",10,300,301,-3000,-2,3002,0,10,O\n'
    assert len(drafts(read(IBKR + fill + fill))) == 2
    assert [d.quantity for d in drafts(read(IBKR + order + fill + fill))] == [10]


def test_both_halves_of_a_split_make_its_ratio() -> None:
    half = "Stock split {},2026-05-11 07:00:00,US67066G1040,NVDA,N,,{},1,USD,,0,GBP,,,,\n"
    for one, other in (("close", "open"), ("open", "close")):
        quantity = {"close": "9.0000000001", "open": "3.0000000000"}
        table = read(T212 + half.format(one, quantity[one]) + half.format(other, quantity[other]))
        (split,) = drafts(table)
        assert f"{split.new}:{split.old}" == "1:3"


def test_half_a_split_waits_for_one_that_is_recorded_by_hand() -> None:
    half = "Stock split open,2026-05-11 07:00:00,US67066G1040,NVDA,N,,3,1,USD,,0,GBP,,,,\n"
    row = only(read(T212 + half))
    assert (row.state, row.declared and row.declared.kind) == ("declared", "split")
    assert "strikezone record split" in row.reason


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (SCHWAB + '"06/10/2026","Stock Split","VTI","X","9","","",""\n', "split"),
        (SCHWAB + '"06/10/2026 as of 06/08/2026","Spin-off","VTI","X","9","","",""\n', "spinoff"),
        (SCHWAB + '"06/10/2026","Journaled Shares","VTI","X","-9","$300","",""\n', "transfer"),
        (FIDELITY + "06/10/2026,DISTRIBUTION VANGUARD (VTI) (Cash),VTI,X,Cash,9,,,,,,\n", "split"),
        (FIDELITY + "06/10/2026,TRANSFER OF ASSETS ACAT RECEIVE (VTI),VTI,X,Cash,9,,,,,,\n", "transfer"),
        (
            IBKR_ACTIONS
            + 'Corporate Actions,Data,Stocks,USD,2026-06-10,"2026-06-09, 20:25:00",'
            + '"VTI(US9229087690) Spinoff  1 for 5 (NEW, NEW CO, US0000000001)",2,0,9,0,\n',
            "spinoff",
        ),
    ],
)
def test_what_a_row_does_not_tell_whole_is_declared(text: str, kind: str) -> None:
    row = only(read(text))
    assert row.declared is not None, row.reason
    assert (row.declared.kind, row.declared.symbol, row.declared.day.isoformat()) == (kind, "VTI", "2026-06-10")


# -- trades


def test_the_day_that_counts_is_the_one_a_row_is_as_of() -> None:
    row = '"04/02/2026 as of 03/31/2026","Qualified Dividend","VTI","X","","","","$19.00"\n'
    assert said(only(read(SCHWAB + row)).drafts[0])[0] == "2026-03-31"


def test_an_amount_that_quantity_and_price_cannot_explain_is_refused() -> None:
    row = '"02/03/2026","Buy","VTI","X","10","$300.00","","-$2,500.00"\n'
    assert only(read(SCHWAB + row)).reason == "quantity times price is 3000, but 2500 was paid for it"


def test_a_crumb_of_a_share_costs_the_cent_that_was_paid() -> None:
    row = '"03/24/2026","Reinvest Shares","VTI","X","0.0003","$39.59","","-$0.01"\n'  # 0.0003 x 39.59 = 0.0119
    (draft,) = only(read(SCHWAB + row)).drafts
    assert draft.quantity is not None
    assert draft.price is not None
    assert round(draft.quantity * draft.price, 15) == Decimal("0.01")


def test_fees_of_a_third_currency_are_refused() -> None:
    row = "Market buy,2026-02-03 14:30:00,US9229087690,VTI,V,E1,10,300,USD,1.25,2400.00,GBP,,,0.05,CHF\n"
    assert "is in CHF" in only(read(T212 + row, base="GBP")).reason


def test_a_total_that_the_rate_cannot_explain_is_refused() -> None:
    row = "Market buy,2026-02-03 14:30:00,US9229087690,VTI,V,E1,10,300,USD,1.25,3000.00,GBP,,,,\n"
    assert "at the rate in the row" in only(read(T212 + row, base="GBP")).reason


def test_a_late_trade_counts_on_its_exchanges_day() -> None:
    row = "Market buy,2026-02-04 01:30:00,US9229087690,VTI,V,E1,10,300,USD,1.25,2400.00,GBP,,,,\n"
    (draft,) = only(read(T212 + row, base="GBP")).drafts
    assert draft.effective.isoformat() == "2026-02-03"  # 20:30 in New York
    assert draft.executed is not None


def test_pence_become_pounds_in_price_and_amount() -> None:
    text = (
        GENERIC
        + "2026-02-03,,buy,VOD.L,100,71.12,500,,GBX,,,,,,,\n2026-02-27,,dividend,VOD.L,,,,450,GBp,,50,,,,,\n"
    )
    assert [said(d)[3:] for d in drafts(read(text))] == [("100", "0.7112", "5", "GBP"), ("4.5", "0.5", "GBP")]


def test_a_rows_own_rate_is_kept() -> None:
    (draft,) = only(read(GENERIC + "2026-02-03,,buy,SAP.DE,10,180.5,1,,EUR,1.08,,,,,,\n")).drafts
    assert draft.rate == Decimal("1.08")


def test_options_and_the_like_are_not_taken_for_shares() -> None:
    option = (
        'Trades,Data,Order,Equity and Index Options,USD,VTI 20JUN26 300 C,"2026-02-03, 10:30:00",'
        "1,2,2,-200,-1,201,0,0,O\n"
    )
    assert "is not read yet" in only(read(IBKR + option)).reason
    short = "02/03/2026,YOU SOLD SHORT SALE VANGUARD (VTI) (Short),VTI,X,Short,-10,300,,,,3000,\n"
    assert "is not read yet" in only(read(FIDELITY + short)).reason


def test_a_fund_may_be_called_short_and_a_gain_too() -> None:
    rows = (
        '02/03/2026,"YOU BOUGHT VANGUARD SHORT-TERM BOND ETF (BND) (Cash)",BND,X,Cash,10,73,,,,-730,\n'
        '02/04/2026,"SHORT-TERM CAP GAIN VANGUARD SHORT-TERM BOND ETF (BND) (Cash)",BND,X,Cash,0,,,,,5,\n'
    )
    assert [said(d)[1] for d in drafts(read(FIDELITY + rows))] == ["buy", "dividend"]


@pytest.mark.parametrize(
    ("action", "account"),
    [
        ("YOU SOLD OPENING TRANSACTION CALL (VTI)", "Margin"),
        ("YOU BOUGHT SHORT COVER VANGUARD (VTI)", "Margin"),
        ("YOU BOUGHT ASSIGNED PUTS VANGUARD (VTI)", "Cash"),
        ("YOU BOUGHT CANCEL VANGUARD (VTI)", "Cash"),
        ("YOU SOLD VANGUARD (VTI)", "Short"),
        ("MERGER MER PAYOUT VANGUARD (VTI)", "Cash"),
        ("IN LIEU OF FRX SHARE VANGUARD (VTI)", "Cash"),
    ],
)
def test_what_is_no_plain_trade_at_fidelity_is_refused(action: str, account: str) -> None:
    row = f"02/03/2026,{action},VTI,X,{account},-10,300,,,,3000,\n"
    assert "is not read yet" in only(read(FIDELITY + row)).reason


def test_what_lowers_the_basis_is_no_dividend() -> None:
    row = "Dividend (Return of capital),2026-03-31 13:00:00,US9229087690,VTI,V,,10,0.5,USD,,4.00,GBP,0,USD,,\n"
    assert "return of capital" in only(read(T212 + row, base="GBP")).reason.lower()
    paid = "Dividends,Data,USD,2026-03-31,VTI(US9229087690) Cash Dividend USD 1 per Share (Return of Capital),10\n"
    assert "return of capital" in only(read(IBKR_DIVIDENDS + paid)).reason


def test_an_action_that_is_not_known_is_named_even_without_an_asset() -> None:
    row = "Result adjustment,2026-03-31 13:00:00,,,,E9,,,,,4.00,GBP,,,,\n"
    assert only(read(T212 + row, base="GBP")).reason == '"Result adjustment" is not read yet: record it by hand'


def test_cash_for_shares_is_not_taken_for_a_fee() -> None:
    head = "Date,Time,Value date,Product,ISIN,Description,FX,Change,,Balance,,Order Id\n"
    row = "01-04-2026,09:00,31-03-2026,SAP,DE0007164600,Corporate Action Cash Settlement,,EUR,5.00,EUR,5.00,\n"
    assert "is not read yet" in only(read(head + row, base="EUR")).reason


@pytest.mark.parametrize("kind", ["interest", "fee", "dividend"])
def test_an_amount_of_nothing_is_left_out(kind: str) -> None:
    row = only(read(GENERIC + f"2026-02-03,,{kind},VTI,,,,0.00,USD,,,,,,,\n"))
    assert (row.state, row.reason) == ("ignored", "an amount of nothing")


# -- symbols


def test_a_share_class_is_written_as_the_feed_writes_it() -> None:
    assert [d.symbol for d in drafts(read(shipped("schwab.csv")))].count("BRK-B") == 3  # BRK/B


def test_an_unknown_symbol_is_told_with_the_option_that_maps_it() -> None:
    row = only(read(GENERIC + "2026-02-03,,buy,TSLA,1,300,,,USD,,,,,,,\n"))
    assert row.state == "unreadable"
    assert "--map TSLA=SYMBOL" in row.reason


def test_the_asset_that_is_likely_meant_is_suggested_and_not_assumed() -> None:
    row = "Market buy,2026-02-03 08:30:00,GB00BH4HKS39,VOD,V,E1,10,71.12,GBX,100,7.11,GBP,,,,\n"
    refused = only(read(T212 + row, base="GBP", symbols={}))
    assert "--map GB00BH4HKS39=VOD.L" in refused.reason


def test_a_row_in_another_currency_than_its_asset_is_refused() -> None:
    assert "VTI is traded in USD" in only(read(GENERIC + "2026-02-03,,buy,VTI,1,300,,,EUR,,,,,,,\n")).reason


def test_a_payment_in_a_currency_of_which_nothing_is_known_is_refused() -> None:
    assert "nothing in CHF" in only(read(GENERIC + "2026-02-03,,deposit,,,,,5,CHF,,,,,,,\n")).reason


# -- ids


TWIN = "2026-02-03,,buy,VTI,10,300,1,,USD,,,,,,,\n"


def test_twins_are_two_trades_whatever_stands_between_them() -> None:
    other = "2026-02-04,,buy,VTI,1,300,,,USD,,,,,,,\n"
    first = [d.id for d in drafts(read(GENERIC + TWIN + TWIN + other))]
    later = [d.id for d in drafts(read(GENERIC + other + TWIN + TWIN))]
    assert len(set(first)) == 3
    assert set(first) == set(later)


def test_an_id_does_not_depend_on_how_a_number_is_written_or_where_the_row_stands() -> None:
    again = TWIN.replace("10,300,1", '"10.0","$300.00",1.00')
    assert [d.id for d in drafts(read(GENERIC + "\n\n" + again))] == [d.id for d in drafts(read(GENERIC + TWIN))]


def test_the_tax_that_comes_later_does_not_change_a_dividends_id() -> None:
    bare, taxed = (
        drafts(read(IBKR_DIVIDENDS + dividend("19") + more))[0] for more in ("", IBKR_TAX + tax("-2.85"))
    )
    assert bare.id == taxed.id
    assert bare.amount != taxed.amount


def test_the_brokers_own_id_is_kept_and_stands_for_one_transaction() -> None:
    row = TWIN.replace(",\n", ",order-1\n")
    table = read(GENERIC + row + row)
    assert [d.id for d in drafts(table)] == ["generic:order-1"]
    assert left(table, "ignored") == {3: "the same transaction as line 2"}


def test_one_id_for_two_different_rows_is_refused() -> None:
    row = TWIN.replace(",\n", ",order-1\n")
    assert left(read(GENERIC + row + row.replace("300", "301")), "unreadable").keys() == {3}
