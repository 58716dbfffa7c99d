// Ops of dense layers.
#pragma once
#include "call.h"

namespace {

/** Outputs must fill the widest vectors twice over. */
constexpr int outputsMultiple = 32;

/** Whether sizes are those of a layer that the kernels can do; tells what is wrong otherwise. */
inline bool isLayer(Call& call, bool fits, int64_t outputs) {
  return call.expect(fits, "matrices of other sizes") && call.expect(outputs % outputsMultiple == 0, "outputs that are no multiple of 32");
}

inline void dense(void*, TF_OpKernelContext* context) {
  Call call(context, "ConvoyDense");
  const TF_Tensor *x = call.input(0, 2), *kernel = call.input(1, 2);
  if (x == nullptr || kernel == nullptr || !isLayer(call, dim(x, 1) == dim(kernel, 0), dim(kernel, 1))) return;
  float* y = call.output<float>(0, TF_FLOAT, {TF_Dim(x, 0), TF_Dim(kernel, 1)});
  if (y != nullptr) kernels->dense(dim(x, 0), dim(x, 1), dim(kernel, 1), data<float>(x), data<float>(kernel), y);
}

inline void denseInput(void*, TF_OpKernelContext* context) {
  Call call(context, "ConvoyDenseInputGrad");
  const TF_Tensor *gradient = call.input(0, 2), *kernel = call.input(1, 2);
  if (gradient == nullptr || kernel == nullptr || !isLayer(call, dim(gradient, 1) == dim(kernel, 1), dim(kernel, 1))) return;
  float* x = call.output<float>(0, TF_FLOAT, {TF_Dim(gradient, 0), TF_Dim(kernel, 0)});
  if (x != nullptr) kernels->denseInput(dim(gradient, 0), dim(kernel, 0), dim(kernel, 1), data<float>(gradient), data<float>(kernel), x);
}

/** `size` is that of the part of the kernel, `first` [anything, its first row], as it is sliced from x[samples, inputs]. */
inline void denseKernel(void* attributes, TF_OpKernelContext* context) {
  const Attributes& a = *static_cast<Attributes*>(attributes);
  Call call(context, "ConvoyDenseKernelGrad");
  const TF_Tensor *x = call.input(0, 2), *gradient = call.input(1, 2), *shares = call.input(2, 2), *place = call.input(3, 1);
  if (x == nullptr || gradient == nullptr || shares == nullptr || place == nullptr) return;
  const int samples = dim(x, 0);
  if (!call.expect(dim(place, 0) == 2, "a place of other than two numbers")) return;
  const int first = data<int32_t>(place)[1];
  const bool fits = dim(gradient, 0) == samples && dim(shares, 0) == samples && dim(shares, 1) == 1 && dim(gradient, 1) == a.size[1] &&
                    first >= 0 && first + a.size[0] <= dim(x, 1);
  if (!isLayer(call, fits, a.size[1])) return;
  float* kernel = call.output<float>(0, TF_FLOAT, {(int64_t)a.size[0], (int64_t)a.size[1]});
  if (kernel == nullptr) return;
  kernels->denseKernel(samples, dim(x, 1), a.size[1], first, a.size[0], data<float>(x), data<float>(gradient), data<float>(shares), kernel);
}

}  // namespace
