// TensorFlow's C interface for ops and kernels. Its own headers where the build finds them (those of the wheel, or of a
// libtensorflow release that has them), so that the compiler checks our calls against the library they go to; else a
// copy of the declarations: tfjs-node's own download of TensorFlow has no header for kernels. A test compares both.
#pragma once
#if __has_include("tensorflow/c/kernels.h") && __has_include("tensorflow/c/ops.h")
#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"
#else
#include "tensorflow-declarations.h"
#endif
