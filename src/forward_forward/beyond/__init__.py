"""Where backpropagation cannot go (Hinton 2022, §5.3, §6, §9). The core never imports it."""
