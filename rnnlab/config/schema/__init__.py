"""What a config may say: pydantic models, one module per section."""
