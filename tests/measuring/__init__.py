"""What CI measures of every process that the tests start: `coverage` itself takes 90 ms to start in each of them."""
