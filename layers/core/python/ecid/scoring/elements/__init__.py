"""What declared element values say: kinds of labels, quantities, vocabulary, families, shares. The rules of dimension 3 stand on it."""
