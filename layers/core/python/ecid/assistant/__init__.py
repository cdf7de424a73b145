"""The assistant: tools compute, a model only phrases, and nothing leaves that no tool result of the conversation gave (docs/assistant.md)."""
