"""TensorBoard event files with one point per epoch.

Keras's own callback starts a new series at each call of ``fit``, and here
every epoch is one; TensorFlow can write the files without TensorBoard.
"""

import os
from collections.abc import Callable, Mapping

from kiqa.training.runs.devices import require_tensorflow


def scalar_writer(folder: str | os.PathLike) -> Callable[[Mapping[str, float], int], None]:
    """Open an event file.

    Args:
        folder: Folder for TensorBoard's ``--logdir``. A continued run adds
            a file, which TensorBoard joins to the earlier ones.

    Returns:
        Function of numbers by name and an epoch that writes them.

    Raises:
        ValueError: If Keras does not run on TensorFlow.
    """
    require_tensorflow("TensorBoard files")
    import tensorflow as tf

    writer = tf.summary.create_file_writer(str(folder))
    metadata = tf.compat.v1.SummaryMetadata(
        plugin_data=tf.compat.v1.SummaryMetadata.PluginData(plugin_name="scalars")
    )

    def write(numbers, epoch):
        with writer.as_default():
            for name, value in numbers.items():
                tf.summary.write(name, tf.constant(value, tf.float32), epoch, metadata)
        writer.flush()

    return write
