"""A small case of learning by recall, for a test and for a benchmark."""

import numpy as np


FEATURES, COUNT, ITEMS, STEPS = 12, 5, 20, 20
BETA, RATE = 0.4, 0.05  # of the softmax, and of Adam
draw = np.random.default_rng(20)
TARGETS = np.sign(draw.standard_normal((COUNT, FEATURES)))[np.arange(ITEMS) % COUNT]
TARGETS = TARGETS * np.where(draw.random((ITEMS, FEATURES)) < 0.1, -1, 1)
CLAMPED = np.arange(FEATURES) < FEATURES // 2
STARTS = np.where(CLAMPED, TARGETS, 0.0)
MEMORIES = 0.5 * draw.standard_normal((COUNT, FEATURES))
