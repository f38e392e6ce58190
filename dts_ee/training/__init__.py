"""
Training: the trainer, the choice of an epoch, and the output.
"""
