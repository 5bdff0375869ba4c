#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/fetch/fetch_err.h"

static const struct err_case {
    const char *why;
    struct fetch_failure failure;
    enum cw_err err;
} cases[] = {
    {"no failure", {CURLE_OK, 0, true, true, ""}, CW_OK},
    {"time ran out before the request",
     {CURLE_OPERATION_TIMEDOUT, 0, false, false, ""},
     CW_ECONNTIMEO},
    {"time ran out after it", {CURLE_OPERATION_TIMEDOUT, 0, true, false, ""}, CW_ETIMEOUT},
    {"refused", {CURLE_COULDNT_CONNECT, ECONNREFUSED, false, false, ""}, CW_ECONNECT},
    {"no route to the host", {CURLE_COULDNT_CONNECT, EHOSTUNREACH, false, false, ""}, CW_ECONNECT},
    {"no route at all", {CURLE_COULDNT_CONNECT, ENETUNREACH, false, false, ""}, CW_ENETDOWN},
    {"no port left", {CURLE_COULDNT_CONNECT, EADDRNOTAVAIL, false, false, ""}, CW_EFILES},
    {"no descriptor left", {CURLE_COULDNT_CONNECT, EMFILE, false, false, ""}, CW_EFILES},
    {"the kernel gave up", {CURLE_COULDNT_CONNECT, ETIMEDOUT, false, false, ""}, CW_ECONNTIMEO},
    {"reset", {CURLE_RECV_ERROR, ECONNRESET, true, false, "Recv failure"}, CW_ERESET},
    {"broken chunks",
     {CURLE_RECV_ERROR, 0, true, true, "Illegal or missing hexadecimal"},
     CW_EPROTOCOL},
    {"TLS cut in the body", {CURLE_RECV_ERROR, 0, true, true, "OpenSSL SSL_read: "}, CW_ETRUNCATED},
    {"TLS cut before the answer",
     {CURLE_RECV_ERROR, 0, true, false, "OpenSSL SSL_read: "},
     CW_ERESET},
    {"reset in the handshake", {CURLE_SSL_CONNECT_ERROR, ECONNRESET, false, false, ""}, CW_ERESET},
    {"a bad handshake", {CURLE_SSL_CONNECT_ERROR, 0, false, false, ""}, CW_ETLS},
    {"a bad certificate", {CURLE_PEER_FAILED_VERIFICATION, 0, false, false, ""}, CW_ETLS},
    {"a huge header line", {CURLE_OUT_OF_MEMORY, 0, true, false, ""}, CW_EHEADERS},
    {"no memory", {CURLE_OUT_OF_MEMORY, 0, false, false, ""}, CW_ENOMEM},
    {"no memory for the body", {CURLE_OUT_OF_MEMORY, 0, true, true, ""}, CW_ENOMEM},
    {"RFC 9113 7: a stream error", {CURLE_HTTP2_STREAM, 0, true, false, ""}, CW_EHTTP2},
    {"a code that is not expected", {CURLE_FTP_PORT_FAILED, 0, true, false, ""}, CW_EPROTOCOL},
};

static void every_failure__has_its_class(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        enum cw_err err = fetch_err_from_curl(&cases[i].failure);
        if (err != cases[i].err)
            fail_msg("%s: expected %s, got %s", cases[i].why, cw_err_name(cases[i].err),
                     cw_err_name(err));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_failure__has_its_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
