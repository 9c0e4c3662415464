"""Every rule of AWS that the strict EC2 adds to moto, each in a test that fails without it."""
