// What a kernel asks of TensorFlow when one of its ops runs.
#pragma once
#include <cstdio>

#include "kernels.h"
#include "tensorflow.h"

namespace {

using convoy::Kernels;
using convoy::NarrowConvolution;
using convoy::PooledConvolution;

/** Those of this processor; null where there are none. */
const Kernels* kernels = nullptr;

/** The lists of integers that ops of ours have; unused ones stay zero. */
struct Attributes {
  int32_t window[2];   // rows, columns
  int32_t kernel[2];   // rows, columns of the filter
  int32_t padding[2];  // zeros above, to the left
  int32_t size[2];     // height, width of the gradient that is computed
};

/** A status, and what a kernel asks of its context; the first failure is told and ends the kernel. */
class Call {
 public:
  Call(TF_OpKernelContext* context, const char* name) : context_(context), name_(name), status_(TF_NewStatus()) {}
  ~Call() {
    for (TF_Tensor* tensor : tensors_) {
      if (tensor != nullptr) TF_DeleteTensor(tensor);
    }
    if (TF_GetCode(status_) != TF_OK) TF_OpKernelContext_Failure(context_, status_);
    TF_DeleteStatus(status_);
  }
  Call(const Call&) = delete;

  /** An input of that rank; null after a failure. */
  const TF_Tensor* input(int index, int rank) {
    if (TF_GetCode(status_) != TF_OK) return nullptr;
    TF_Tensor* tensor = nullptr;
    TF_GetInput(context_, index, &tensor, status_);
    if (TF_GetCode(status_) != TF_OK) return nullptr;
    tensors_[index] = tensor;
    if (expect(TF_NumDims(tensor) == rank, "an input of another rank")) return tensor;
    return nullptr;
  }
  /** Memory of an output; null after a failure. */
  template <typename T, int rank>
  T* output(int index, TF_DataType type, const int64_t (&dims)[rank]) {
    if (TF_GetCode(status_) != TF_OK) return nullptr;
    size_t bytes = sizeof(T);
    for (int64_t size : dims) bytes *= size;
    TF_Tensor* tensor = TF_AllocateOutput(context_, index, type, dims, rank, bytes, status_);
    if (TF_GetCode(status_) != TF_OK) return nullptr;
    tensors_[4 + index] = tensor;
    return static_cast<T*>(TF_TensorData(tensor));
  }
  bool expect(bool holds, const char* found) {
    if (TF_GetCode(status_) != TF_OK) return false;
    if (holds) return true;
    char text[160];
    snprintf(text, sizeof text, "%s: expected inputs that fit but found %s", name_, found);
    TF_SetStatus(status_, TF_INVALID_ARGUMENT, text);
    return false;
  }

 private:
  TF_OpKernelContext* context_;
  const char* name_;
  TF_Status* status_;
  TF_Tensor* tensors_[8] = {};
};

inline int dim(const TF_Tensor* tensor, int index) { return (int)TF_Dim(tensor, index); }

template <typename T>
const T* data(const TF_Tensor* tensor) {
  return static_cast<const T*>(TF_TensorData(tensor));
}

inline bool sameShape(const TF_Tensor* a, const TF_Tensor* b) {
  for (int i = 0; i < 4; i++) {
    if (TF_Dim(a, i) != TF_Dim(b, i)) return false;
  }
  return true;
}

}  // namespace
