"""Benchmarks, a module each: `measure` returns numbers that JSON can hold, `lines` says them in words."""
