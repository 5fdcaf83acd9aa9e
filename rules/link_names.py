"""What the names of an address's parameters mean: orders, disputes, keys, or mere tracking."""

from rules.anatomy import Address, plain_name

# All in plain form: lower case, letters and digits only.
ORDERS = frozenset(
    {
        "orderid",
        "orderids",
        "tradeorderid",
        "tradeorderids",
        "oid",
        "oids",
        "tradeid",
        "tradeids",
        "parentorderid",
        "orderno",
        "ordernumber",
    }
)
DISPUTES = frozenset(
    {
        "reverseorderlineid",
        "reverseorderlineids",
        "reverseorderid",
        "reverseid",
        "issueid",
        "disputeid",
        "returnorderid",
        "returnid",
        "refundid",
        "aftersaleid",
    }
)
_KEYS = frozenset(
    {"token", "accesstoken", "ticket", "sign", "signature", "offerid", "proposalid", "solutionid"}
)
_TRACKING = (
    "spm",
    "scm",
    "utm",
    "rowan",
    "tracelog",
    "trace",
    "edm",
    "aff",
    "algo",
    "pdp",
    "gps",
    "wsab",
    "btsid",
    "terminal",
    "pvid",
    "mallaffr",
    "src",
    "source",
    "gateway",
    "share",
    "umid",
    "channel",
    "campaign",
    "businesstype",
    "platform",
    "device",
)
_TRACKING_WHOLE = frozenset({"cv", "af", "sk", "dp", "sid", "lang", "currency", "ref", "from", "t", "locale"})


def is_tracking(name: str) -> bool:
    """Whether a parameter only measures: what it holds never stops a page."""
    plain = plain_name(name)
    return plain in _TRACKING_WHOLE or plain.startswith(_TRACKING)


def is_key(name: str) -> bool:
    """Whether a page can't be found without this parameter."""
    plain = plain_name(name)
    return plain in _KEYS or plain in ORDERS or plain in DISPUTES


def names_one_thing(name: str) -> bool:
    """Whether a parameter looks as if it held an identifier."""
    return is_key(name) or plain_name(name).endswith("id")


def named(address: Address, names: frozenset[str]) -> list[str]:
    """The values of some parameters, lists taken apart."""
    return [
        value.strip()
        for name, values in address.parameters
        if plain_name(name) in names
        for value in values.replace(";", ",").replace("|", ",").split(",")
    ]
