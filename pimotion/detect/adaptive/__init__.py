"""The method `adaptive`: tells things from light, weather and noise.

One look at a picture goes down these files, in this order; `docs/detector.md` shows what each buys:

    smooth     is the picture noisy? then calm it first
    light      how much brighter is everything, did the camera do it, was a lamp switched?
    scene      what differs from the still scene, by `grey` and by `structure`
    objects    pixels -> regions, numbered by `labels`; those that only changed their light, and
               by `weather` drops and flakes, are left out
    tracks     regions -> the same thing from picture to picture
    trust      which of these things to believe, and why not the others
    method     all of it in turn, and what the scene may learn from the picture

All of it happens at half the detection size (160x90 for `detect.width: 320`): that is a quarter of
the work, and the average of four pixels has half the noise.
"""
