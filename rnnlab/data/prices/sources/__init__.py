"""Where prices can be had on the network: a module each, with what it is asked and every answer it gives."""

from rnnlab.data.prices.sources import nasdaq, stooq, tiingo, twelvedata, yahoo

SOURCES = {module.SOURCE.name: module.SOURCE for module in (yahoo, nasdaq, tiingo, twelvedata, stooq)}
"""By name, in the order in which ``auto`` asks them."""
