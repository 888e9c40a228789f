#pragma once
// Everything that users of the library need.

#include "attn/autograd.hpp"
#include "attn/checkpoint.hpp"
#include "attn/error.hpp"
#include "attn/functional.hpp"
#include "attn/instruction_set.hpp"
#include "attn/losses.hpp"
#include "attn/nn/attention.hpp"
#include "attn/nn/layers.hpp"
#include "attn/nn/positions.hpp"
#include "attn/nn/transformer.hpp"
#include "attn/optim.hpp"
#include "attn/nn/recurrent.hpp"
#include "attn/probe.hpp"
#include "attn/random.hpp"
#include "attn/tensor.hpp"
#include "attn/thread_pool.hpp"
