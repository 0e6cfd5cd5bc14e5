"""Training: one module per experiment, and what they share.

- `settings`: what an experiment can be told, with the paper's values.
- `checkpoint`: the state of a run in one file, written whole or not at all.
- `epochs`: run epochs, keep the best weights, continue after a kill.
- `seeding`: random numbers from (seed, run, epoch).
- `devices`: number format and several GPUs; `scalars`: TensorBoard files.
- `workdir`: a run's folder, and the refusal to continue another run in it.
- `batches`: patches for ``fit`` and ``predict`` on any backend; `ahead`:
  batches made in the background.
- `folds`, `instance`, `patchnet`, `table`: the thesis's cross-validation of
  Patchnet.
- `mos_settings`, `pieces`, `losses`, `convolutional`, `patchnet_mos`: Patchnet
  from whole photographs' MOS, the recipe of the shipped weights.
- `paq2piq_settings`, `paq2piq_tasks`, `packed_pictures`, `paq2piq_batches`,
  `pseudo_scores`, `two_rates`, `paq2piq_network`, `paq2piq`: PaQ-2-PiQ on
  pictures and patches; `distillation_settings`, `teacher_features`,
  `distillation_crops`, `distillation`: a start for its body.
- `rnn_settings`, `feature_folder`, `feature_extraction`, `rnn_data`,
  `rnn_batches`, `rnn_pooling`, `rnn_protocols`, `rnn_runs`: RNN-BIQA on
  stored features; `fine_tuning`, `extractor_start`: their extractor.
- `origin`: what a training started from.

The modules import no TensorFlow when loaded, and training from arrays runs
on Keras's JAX backend too.
"""
