"""Who is writing: start with `resolution`; `disputes` holds what colleagues decide."""
