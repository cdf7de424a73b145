"""Finding the records that answer a question: text to tokens, two indexes over them, fusion, filters, and the decision to say nothing."""
