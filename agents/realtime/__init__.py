"""Wire formats of OpenAI Realtime."""
