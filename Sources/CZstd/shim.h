// libzstd, as Debian's libzstd-dev installs it.
#pragma once
#include <zstd.h>
#include <zstd_errors.h>
