"""The public record of a domain and its page."""
