"""What is to be measured: plans and server descriptions, read at the edge into frozen values."""
