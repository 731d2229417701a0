/* SPDX-License-Identifier: Apache-2.0 */
/* G: could a person have come here from the last place (DESIGN 6)? */
#include "bits.h"
#include "evidence.h"

#define EARTH_RADIUS_KM 6371.0
#define DEGREE (3.14159265358979323846 / 180.0)
#define RADIUS_MIN_KM 100.0
#define RADIUS_MIN_MOBILE_KM 250.0
#define NEAR_KM 100.0
#define HOURS_MIN 0.25
#define AIRLINER_KMH 900.0
#define AIRLINER_SPREAD_KMH 120.0
#define BENIGN_IMPOSSIBLE .01 /* people whose address moved impossibly fast: wrong geo data */
#define TRAVEL_MAX 6.0

static const double impossible[HOP_STORY_COUNT] = {
    [HOP_STORY_OUTSIDE] = .5,
    [HOP_STORY_NEAR] = .05,
    [HOP_STORY_HOP] = .05,
    [HOP_STORY_SEAT] = .05,
};

double hop_distance_km(double latitude_a, double longitude_a, double latitude_b, double longitude_b)
{
    double up = sin((latitude_b - latitude_a) * DEGREE / 2);
    double along = sin((longitude_b - longitude_a) * DEGREE / 2);
    double h = up * up + cos(latitude_a * DEGREE) * cos(latitude_b * DEGREE) * along * along;
    return 2 * EARTH_RADIUS_KM * asin(sqrt(bits_clamp(h, 0, 1)));
}

static bool is_place(enum hop_zone zone, const struct hop_place *place)
{
    return zone == HOP_ZONE_INTERNET && place->has_point && !place->country_only &&
           place->kind != HOP_PLACE_HOSTING;
}

static double radius_km(const struct hop_place *place)
{
    return fmax(place->accuracy_km,
                place->kind == HOP_PLACE_MOBILE ? RADIUS_MIN_MOBILE_KM : RADIUS_MIN_KM);
}

/* How sure the speed is beyond an airliner's. */
static double impossibility(double km, double hours)
{
    double kmh = km / fmax(hours, HOURS_MIN);
    return 1 / (1 + exp(-(kmh - AIRLINER_KMH) / AIRLINER_SPREAD_KMH));
}

void hop_evidence_travel(const struct hop_scene *scene, struct hop_evidence *evidence)
{
    const struct hop_login *login = scene->login;
    const struct hop_place *here = &login->origin.place;
    const struct hop_last *last = &scene->profile->last;
    /* inside a session: where its person was last seen says nothing of where the session began */
    if (!hop_service_enters(hop_service_of(login->service)))
        return;
    if (last->time == 0 || last->time > login->time || !is_place(login->origin.zone, here) ||
        !is_place(last->zone, &last->place))
        return;
    double km = hop_distance_km(last->place.latitude, last->place.longitude, here->latitude,
                                here->longitude) -
                radius_km(here) - radius_km(&last->place);
    if (!(km > NEAR_KM))
        return;
    double p = impossibility(km, (double)(login->time - last->time) / 3600);
    double benign = BENIGN_IMPOSSIBLE * p + (1 - BENIGN_IMPOSSIBLE) * (1 - p);
    evidence->present[HOP_BLOCK_TRAVEL] = true;
    for (int story = 0; story < HOP_STORY_COUNT; story++) {
        double q = impossible[story];
        evidence->terms[story][HOP_BLOCK_TRAVEL] =
            fmin(TRAVEL_MAX, log2((q * p + (1 - q) * (1 - p)) / benign));
    }
}
