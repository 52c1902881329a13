"""How large the contexts of known models are, by the table of ``genai-prices``, where no server tells."""

from genai_prices.data_snapshot import get_snapshot


def listed(base_url: str, model: str) -> int | None:
    """The context in tokens of the model behind that URL; None where the table does not know it."""
    try:
        _, found = get_snapshot().find_provider_model(model, None, None, base_url)
    except LookupError:
        return None
    return found.context_window
