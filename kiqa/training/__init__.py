"""Training: one folder for each system, and ``runs`` for what they share.

``runs`` has the one skeleton of all trainings:

- `options`: settings stated once; the command line and its checks follow.
- `command`: the command line; `kiqa.train_wadiqam` and the others are shims.
- `run`: working folder, checkpoints, best epoch, result. `workdir`,
  `checkpoint`, `epochs`, `history`, `parts` and `origin` are its parts.
- `feeding`: an epoch's plan (`kiqa.data.plans`) through ``Model.fit``, by
  tf.data on TensorFlow. `devices`, `replicas`: several GPUs, and what they
  see together of a batch.
- `optimizers`, `seeding`: learning rates, random numbers from (seed, place,
  epoch).
- `images`, `packed`: decoded images; `start`, `imagenet`, `convolutional`:
  networks that start from others, and forms that are folded when trained.
- `teaching`: more to train on, made of the training images, and a teacher's
  scores.

A system has ``settings``, ``batches`` (its plan), ``network`` and ``losses``
where they are not one call, ``train`` (what it tells the run) and ``command``;
nothing imports from another system's folder.

- `patchnet`: the thesis's cross-validation on KonPatch; `patchnet_mos`: from
  the MOS of whole images, the shipped weights.
- `aggregator`: on stacks of maps.
- `wadiqam`: DIQaM and WaDIQaM, with and without a reference.
- `paq2piq`: on images and patches; `resnet18`: a start for its body.
- `rnn_biqa`: the pooling network on stored features, and their extractor.
- `lite`: the default scorer.
- `comparators`: CNNIQA, NIMA and KonCept512.

The modules import no TensorFlow when loaded, and training from arrays runs
on Keras's JAX backend too.
"""
