"""Items that the agent does not handle, passed on to the previous workflow.

Start with `queue`; `lanes` and `sending` send what it holds, one sender at a time.
"""
