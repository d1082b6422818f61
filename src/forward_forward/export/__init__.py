"""A wing: nets that leave torch behind, and go on learning where they are: as ONNX graphs, and as C."""
