"""What `benchmarks.bench_stream` is made of: marked pictures, servers to compare, a load client."""
