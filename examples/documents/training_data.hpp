#pragma once
#include <nlohmann/json.hpp>

#include "documents.hpp"

namespace documents {

/// A row of web/documents/training.json.
nlohmann::json training_data(const std::string& id);

}  // namespace documents
