// libcurl. Its setopt and getinfo are variadic, which Swift cannot call: one typed function per
// kind of argument instead.
#pragma once
#include <curl/curl.h>

typedef size_t (*curl_bytes_callback)(char *buffer, size_t size, size_t count, void *context);
typedef int (*curl_seek_function)(void *context, curl_off_t offset, int origin);

static inline CURLcode curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode curl_set_offset(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode curl_set_string(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode curl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}

// libcurl copies the bytes.
static inline CURLcode curl_set_bytes(
    CURL *handle, CURLoption option, const void *bytes, size_t count) {
    struct curl_blob blob = {(void *)bytes, count, CURL_BLOB_COPY};
    return curl_easy_setopt(handle, option, &blob);
}

static inline CURLcode curl_set_list(
    CURL *handle, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode curl_set_bytes_callback(
    CURL *handle, CURLoption option, curl_bytes_callback value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode curl_set_seek_function(
    CURL *handle, CURLoption option, curl_seek_function value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode curl_get_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}

static inline CURLcode curl_get_offset(CURL *handle, CURLINFO info, curl_off_t *value) {
    return curl_easy_getinfo(handle, info, value);
}

// The result of the transfer of `message`, which is in a union in C.
static inline CURLcode curl_message_result(const CURLMsg *message) {
    return message->data.result;
}

// Only these two schemes, whatever a redirect or a configuration contains.
static inline CURLcode curl_allow_only_http(CURL *handle) {
#if LIBCURL_VERSION_NUM >= 0x075500
    return curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    return curl_easy_setopt(
        handle, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

// An aborted transfer does not wait for the resolver's thread.
static inline CURLcode curl_end_without_waiting(CURL *handle) {
#if LIBCURL_VERSION_NUM >= 0x075700
    return curl_easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L);
#else
    (void)handle;
    return CURLE_OK;
#endif
}

static inline CURLcode curl_start_library(void) {
    return curl_global_init(CURL_GLOBAL_DEFAULT);
}

// The file of certificates that libcurl was built to trust; null when it is unknown.
static inline const char *curl_default_certificates(void) {
    return curl_version_info(CURLVERSION_NOW)->cainfo;
}

// As in `7.88.1`.
static inline const char *curl_library_version(void) {
    return curl_version_info(CURLVERSION_NOW)->version;
}
