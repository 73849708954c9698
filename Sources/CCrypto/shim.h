// OpenSSL's libcrypto: the EVP digests.
#pragma once
#include <openssl/evp.h>
