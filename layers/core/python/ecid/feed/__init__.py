"""Source events and the facts that follow from them."""
