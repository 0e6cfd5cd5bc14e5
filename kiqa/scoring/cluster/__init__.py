"""Scoring on several machines with Ray: the extra ``kiqa[ray]``.

Plain Ray actors, each with a scorer, and a queue here that gives them images:
`session` is the Ray that they run in, `worker` what runs there, `team` gives
out and collects. Ray Data is not used. It counts blocks of rows: when a worker
ends it repeats a block, and what was yielded of it before comes twice, or with
its own checkpoints not at all. Here a row counts when it has arrived, once, by
the position of its image; what a lost worker had is given out again.

`kiqa.scoring.score_paths` writes the rows, as it does without Ray.
"""
