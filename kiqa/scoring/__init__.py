"""From images to scores: one scorer, rows of results, and the resumable loop."""

from kiqa.scoring.paths import in_shard, read_ahead, score_paths, usable_cores, usable_workers
from kiqa.scoring.scorer import ROW_KEYS, Scorer, content_hash, quality_map, score

__all__ = [
    "ROW_KEYS",
    "Scorer",
    "content_hash",
    "in_shard",
    "quality_map",
    "read_ahead",
    "score",
    "score_paths",
    "usable_cores",
    "usable_workers",
]
