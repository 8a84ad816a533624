"""Models behind one protocol: Anthropic, OpenAI and all who speak its wire, local, scripted.

`base` has the protocol, `open` what opens them; whoever only needs an embedder loads neither.
"""
