"""What costs how much: `make bench` runs it, docs/speed.md and docs/serving.md hold the figures."""
