/* SPDX-License-Identifier: Apache-2.0 */
/* What parses comes back the same from its own text. */
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "date.h"
#include "encode.h"
#include "ulid.h"

static char buffer[16384], back[16384];

static void check_address(struct hop_span text)
{
    struct hop_address address, again;
    struct hop_prefix prefix, other;
    struct hop_text out = hop_text_over(buffer, sizeof buffer);
    if (hop_address_parse(text, &address)) {
        hop_address_put(&out, &address);
        if (!hop_address_parse(hop_span_of(buffer), &again) || !hop_address_equal(&address, &again))
            abort();
    }
    out = hop_text_over(buffer, sizeof buffer);
    if (hop_prefix_parse(text, &prefix)) {
        hop_prefix_put(&out, &prefix);
        if (!hop_prefix_parse(hop_span_of(buffer), &other) || other.bits != prefix.bits ||
            !hop_address_equal(&prefix.address, &other.address))
            abort();
    }
}

static void check_date(struct hop_span text)
{
    int64_t epoch_s, again_s;
    int ms, again_ms;
    if (!hop_date_parse(text, &epoch_s, &ms))
        return;
    struct hop_text out = hop_text_over(buffer, sizeof buffer);
    hop_date_put(&out, epoch_s, ms);
    /* an offset may lead out of the four-digit years, which have no spelling */
    if (epoch_s >= -INT64_C(62167219200) && epoch_s < INT64_C(253402300800) &&
        (!hop_date_parse(hop_span_of(buffer), &again_s, &again_ms) || again_s != epoch_s ||
         again_ms != ms))
        abort();
}

static void check_coding(struct hop_span text)
{
    struct hop_text out = hop_text_over(buffer, sizeof buffer);
    struct hop_text decoded = hop_text_over(back, sizeof back);
    hop_percent_put(&out, text);
    if (out.cut || !hop_percent_decode((struct hop_span){buffer, out.len}, &decoded) ||
        decoded.len != text.len || (text.len && memcmp(back, text.at, text.len) != 0))
        abort();
    decoded = hop_text_over(back, sizeof back);
    hop_percent_decode(text, &decoded);
    long len = hop_base64_decode(text, (uint8_t *)back, sizeof back);
    out = hop_text_over(buffer, sizeof buffer);
    if (len >= 0) {
        hop_base64_put(&out, back, (size_t)len, true);
        if (out.len != text.len || (out.len && memcmp(buffer, text.at, out.len) != 0))
            abort();
    }
}

static void check_printable(struct hop_span text)
{
    struct hop_text out = hop_text_over(buffer, sizeof buffer);
    hop_json_put_string(&out, text);
    hop_plain_put(&out, text, 100);
    for (size_t i = 0; i < out.len; i++)
        if (buffer[i] < 0x20 || buffer[i] > 0x7e)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hop_span text = {.at = (const char *)data, .len = size};
    if (size > 4096)
        return 0;
    check_address(text);
    check_date(text);
    check_coding(text);
    check_printable(text);
    int64_t number;
    double fraction;
    struct hop_text out = hop_text_over(buffer, sizeof buffer);
    if (hop_span_int64(text, INT64_MIN, INT64_MAX, &number))
        hop_text_put_int(&out, number);
    if (hop_span_double(text, &fraction))
        hop_text_put_fixed(&out, fraction, 6);
    if (hop_ulid_valid(text) != (hop_ulid_time_ms(text) >= 0))
        abort();
    return 0;
}
