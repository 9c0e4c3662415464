"""Tests of the rules that the strict EC2 adds to moto. Each fails without its rule."""
