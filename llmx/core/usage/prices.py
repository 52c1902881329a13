"""What calls cost, by the table of ``genai-prices``: nothing where no one charges, unknown where it knows no price."""

from datetime import UTC, datetime
from decimal import Decimal

from genai_prices import Usage as PricedUsage
from genai_prices import calc_price

from llmx.core.events import Usage
from llmx.core.usage import NANO, Most, Target
from llmx.core.usage.free import is_free, price_table

TABLE = price_table()


def cost(target: Target, usage: Usage, at: float) -> int | None:
    """Nano-dollars that the provider charges for that usage at that time; None where that is not known."""
    if is_free(target):
        return 0
    if usage.prompt_tokens is None or usage.completion_tokens is None:
        return None
    cached = min(usage.cached_tokens or 0, usage.prompt_tokens)
    counted = PricedUsage(
        input_tokens=usage.prompt_tokens, output_tokens=usage.completion_tokens, cache_read_tokens=cached
    )
    return _looked_up(target, counted, at)


def most_cost(target: Target, most: Most, at: float) -> int | None:
    """Nano-dollars that a call may cost at most; None where its price is not known."""
    return cost(target, Usage(most.prompt_tokens, most.completion_tokens), at)


def _looked_up(target: Target, counted: PricedUsage, at: float) -> int | None:
    when = datetime.fromtimestamp(at, UTC)
    try:  # by the URL: the same model behind another one may have another price
        found = calc_price(counted, target.model, provider_api_url=target.base_url, genai_request_timestamp=when)
    except LookupError:
        return None
    return int((found.total_price * Decimal(NANO)).to_integral_value(rounding="ROUND_CEILING"))
