// Ops of batch normalization, over all axes of x but the last: the channels.
#pragma once
#include "call.h"

namespace {

using convoy::BatchNorm;

/** What is normalized; no rows after a failure, an empty batch being one. */
inline BatchNorm batchNormOf(Call& call, const TF_Tensor* x, void* attributes) {
  if (x == nullptr) return {};
  const Attributes& a = *static_cast<Attributes*>(attributes);
  const int last = TF_NumDims(x) - 1;
  int64_t rows = 1;
  for (int i = 0; i < last; i++) rows *= TF_Dim(x, i);
  if (!call.expect(rows > 0 && dim(x, last) > 0, "an empty batch")) return {};
  return {rows, dim(x, last), a.epsilon, a.relu != 0};
}

inline void batchStatistics(void* attributes, TF_OpKernelContext* context) {
  Call call(context, "ConvoyBatchStatistics");
  const TF_Tensor* x = call.input(0, -1);
  const BatchNorm n = batchNormOf(call, x, attributes);
  if (n.rows == 0) return;
  const float *gamma = call.vector(1, n.channels), *beta = call.vector(2, n.channels);
  const int64_t channels[] = {n.channels};
  float *mean = call.output<float>(0, TF_FLOAT, channels), *variance = call.output<float>(1, TF_FLOAT, channels),
        *scale = call.output<float>(2, TF_FLOAT, channels), *shift = call.output<float>(3, TF_FLOAT, channels);
  if (shift == nullptr) return;
  inTypeOf(x, [&](auto zero) {
    using T = decltype(zero);
    kernels->of<T>().batchNorm.statistics(n, data<T>(x), gamma, beta, mean, variance, scale, shift);
  });
}

inline void batchNorm(void* attributes, TF_OpKernelContext* context) {
  Call call(context, "ConvoyBatchNorm");
  const TF_Tensor* x = call.input(0, -1);
  const BatchNorm n = batchNormOf(call, x, attributes);
  if (n.rows == 0) return;
  const float *mean = call.vector(1, n.channels), *scale = call.vector(2, n.channels), *shift = call.vector(3, n.channels);
  inTypeOf(x, [&](auto zero) {
    using T = decltype(zero);
    T* y = call.outputLike<T>(0, x);
    if (y != nullptr) kernels->of<T>().batchNorm.normalize(n, data<T>(x), mean, scale, shift, y);
  });
}

inline void batchNormGradient(void* attributes, TF_OpKernelContext* context) {
  Call call(context, "ConvoyBatchNormGrad");
  const TF_Tensor* x = call.input(1, -1);
  const BatchNorm n = batchNormOf(call, x, attributes);
  if (n.rows == 0) return;
  const float *mean = call.vector(2, n.channels), *variance = call.vector(3, n.channels), *scale = call.vector(4, n.channels),
              *shift = call.vector(5, n.channels);
  inTypeOf(x, [&](auto zero) {
    using T = decltype(zero);
    T* xGradient = call.outputLike<T>(0, x, 0);
    const TF_Tensor* gradient = call.input(0, -1);
    if (gradient == nullptr || !call.expect(sameShape(gradient, x), "a gradient of another shape")) return;
    const int64_t channels[] = {n.channels};
    float *gamma = call.output<float>(1, TF_FLOAT, channels), *beta = call.output<float>(2, TF_FLOAT, channels);
    if (beta == nullptr) return;
    kernels->of<T>().batchNorm.gradient(n, data<T>(gradient), data<T>(x), mean, variance, scale, shift, xGradient, gamma, beta);
  });
}

}  // namespace
