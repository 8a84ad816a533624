"""What the parts of an agent's mind, memory and graph, have in common.

Each is a stream with several writers, and rows versioned by it: `part` tells them apart, `place`
and `coordinates` say where one is looked at, `level` sees that rows tell of it (by a runner that is
started `on_demand`), and `writing` changes it, in `lanes`.
"""
