"""What all trainings share; `kiqa.training` says what each module is for."""
