"""Where each registered class lives; written by ``python tools/write_index.py``."""

INDEX: dict[str, dict[str, str]] = {
}
