"""What AWS answers about the path of a request, each answer read in one place.

Steps, trace, drills and policies share these readers, so that they cannot contradict each other about what is there.
Nothing here decides what should be there: that is for a step, or for a trace's hops.
"""
