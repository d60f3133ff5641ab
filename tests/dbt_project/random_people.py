"""A random place whose dates crowd the boundaries of every person-level definition.

Belongs here: rows, and nothing about what they count for. Not here: the definitions (`people_reference`).
"""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from people_lake import FIRST, LAST, PeopleLake, key_of
from people_reference import NURSING, REABLEMENT, RESIDENTIAL, Reference, Row

# Who sends carers: the last day it tells of, and the last day it had to report. One left, one is a month late.
LATE = date(2025, 5, 31)
CARERS = {"ZCC1": (LAST, None), "ZCX1": (LATE, None), "ZCX2": (date(2024, 9, 30), date(2024, 9, 30))}
# Days from a last event to a death.
SOON, LATER = (0, 1, 40, 89, 90, 91), (1, 181, 182, 183, 364, 365, 366, 729, 730, 731)


def random_place(place: PeopleLake, seed: int, people: int) -> Reference:
    """A place of so many people whose dates crowd the boundaries of every definition; fills `place`, returns the truth's
    side of it. Equal seeds make equal rows."""
    draw = random.Random(seed)
    # chance of its own: what is added here leaves everything else as it was
    wishing = random.Random(f"{seed} wishes")
    moving = random.Random(f"{seed} courses")
    caring = random.Random(f"{seed} carers")
    wintering = random.Random(f"{seed} winter plans")
    networks = {"Z90001": "ZPN1", "Z90002": "ZPN2"}
    areas = {f"E0100{number:04d}": str(1 + number // 2) for number in range(10)}
    place.reference()
    feeds: dict[str, list[Row]] = {
        feed: []
        for feed in (
            "treatment_episodes", "stop_smoking", "nhs_health_checks", "pcn_long_term_conditions", "admitted_care",
            "community_referrals", "council_client_level", "sexual_health", "deaths",
            "end_of_life_plans", "weight_and_activity", "carers", "winter_plans", "urgent_community_response",
            "community_contacts", "emergency_care",
            "resident_survey",
        )
    }  # fmt: skip
    registered: dict[int, list[Row]] = {}

    def day(first: date = FIRST, last: date = LAST) -> date:
        return first + timedelta(days=draw.randint(0, (last - first).days))

    def after(start: date, *gaps: int) -> date:
        return min(start + timedelta(days=draw.choice(gaps)), LAST)

    def add(feed: str, organisation: str, **columns: Any) -> Row:
        row = {"organisation": organisation, **{name: value for name, value in columns.items() if value is not None}}
        feeds[feed].append(row)
        return row

    def token_block(token: str) -> Row:
        """Most rows carry the number; some only a reference that leads to nobody on the register."""
        number = draw.random() < 0.9
        local = f"local-{len(feeds['treatment_episodes'])}-{draw.randrange(10**9)}"
        status = "valid" if number else "missing"
        return {"person_token": token if number else None, "local_token": local, "nhs_number_status": status}

    def register(token: str) -> None:
        if draw.random() < 0.1:
            return
        birth = f"{draw.choice([2008, 2006, 1985, 1960, 1950, 1945, 1940, 1935]) + draw.randint(-2, 2)}-{draw.randint(1, 12):02d}"
        moved = day() if draw.random() < 0.3 else None
        states = [("ZPN1", "Z90001", FIRST, moved)]
        if moved and draw.random() < 0.8:
            states.append(("ZPN2", "Z90002", moved + timedelta(days=draw.choice([0, 1, 40])), None))
        for pcn, practice, start, end in states:
            changes: Row = {
                "birth_month": birth, "practice_code": practice, "valid_from": start, "valid_to": end,
                "lsoa_code": draw.choice([*areas, "E01009999"]),
            }  # fmt: skip
            place.register(token, pcn, **changes)
            registered.setdefault(key_of(token), []).append(changes)

    def treat(token: str) -> None:
        triage = day(date(2022, 4, 1), date(2025, 3, 1))
        for _ in range(draw.randint(1, 4)):
            organisation = draw.choice(["ZCR1", "ZMH1"])
            common: Row = {"episode_id": f"e{len(feeds['treatment_episodes']):05d}", "extract_month": "2025-06"}
            if draw.random() < 0.05:
                add("treatment_episodes", organisation, **common, local_token=f"n-{token}", consent="N")
                continue
            stop = None if draw.random() < 0.1 else after(triage, 0, 5, 30, 90, 200)
            add(
                "treatment_episodes",
                organisation,
                **common,
                **{**token_block(token), "person_token": token} if draw.random() < 0.95 else token_block(token),
                consent="Y",
                substance=draw.choice(["opiate", "opiate", "alcohol", "non_opiate"]),
                referral_date=triage - timedelta(days=draw.choice([0, 1, 5, 21])) if draw.random() < 0.9 else None,
                triage_date=triage if draw.random() < 0.97 else None,
                discharge_date=stop,
                discharge_reason=draw.choice(["completed", "completed", "transferred", "dropped_out", "died"])
                if stop
                else None,
            )
            triage = after(stop or triage, -3, 0, 20, 21, 22, 23, 181, 182, 183, 364, 365, 366, 729, 730, 731)

    def admit(token: str) -> None:
        admission = day(FIRST, date(2025, 3, 1))
        # some come in an emergency again and again
        ill = draw.random() < 0.2
        for _ in range(draw.randint(1, 5)):
            discharge = after(admission, *((1, 4) if ill else (0, 0, 1, 4, 12)))
            fall = draw.random() < 0.4
            add(
                "admitted_care",
                draw.choice(["ZAT1", "ZAT2"]),
                spell_id=f"s{len(feeds['admitted_care']):05d}",
                **token_block(token),
                admission_date=admission,
                admission_method=draw.choice(["21", "2A"] if ill else ["11", "13", "21", "28", "2A"]),
                discharge_date=discharge,
                discharge_ready_date=draw.choice([None, admission, discharge]),
                discharge_destination=draw.choice(["19", "51", "51", "54", "79"]),
                primary_diagnosis=draw.choice(["S720", "S000", "T983"])
                if fall
                else draw.choice(
                    ["R99X", "I219", "B181", "B182", "D500", "E149", "E15X", "I48X", "I130", "I131", "J209", "J47"]
                ),
                external_cause=draw.choice(["W000", "W199", "V99", "W200", None]),
                same_day_emergency_care=draw.choice(["N", "N", "N" if ill else "Y"]),
            )
            admission = after(discharge, -1, 0, 0, 1, 1, 2, 28, 29, 30, 60)

    def care(token: str) -> None:
        ended = day(FIRST, date(2025, 3, 1))
        home = [
            row["discharge_date"]
            for row in feeds["admitted_care"]
            if row.get("person_token") == token
            and row["discharge_destination"] == "19"
            and row["discharge_date"] > row["admission_date"]
        ]
        ended = draw.choice(home) if home else ended
        for service in draw.choices(
            [REABLEMENT, REABLEMENT, NURSING, RESIDENTIAL, "Long Term Support: Community"], k=3
        ):
            start = after(ended, *((-1, 0, 3, 7, 8, 28, 29) if ended in home else (-90, -30, 0, 83, 84, 85)))
            stop = draw.choice([None, after(start, 0, 28, 84, 85)])
            add(
                "council_client_level",
                "ZCC1",
                **token_block(token),
                client_type="Service User",
                event_type=draw.choice(["Service", "Service", "Service", "Request"]),
                event_reference=f"c{len(feeds['council_client_level']):05d}",
                service_type=service,
                event_start_date=max(start, FIRST),
                event_end_date=None if stop is None else max(stop, start, FIRST),
            )
            ended = draw.choice(home) if home and draw.random() < 0.7 else stop or start

    def live(token: str) -> None:
        block = token_block(token)
        quit_date = day()
        add(
            "stop_smoking", "ZSS1", record_id=f"q-{token}", **block, quit_date=quit_date,
            follow_up_date=draw.choice([None, after(quit_date, 24, 25, 30, 42, 43)]),
            outcome=draw.choice(["quit_co_verified", "quit_co_verified", "quit_self_report", "lost"]),
        )  # fmt: skip
        invited = day()
        add(
            "nhs_health_checks", "ZPN1", record_id=f"h-{token}", person_token=block["person_token"], invited_on=invited,
            attended_on=draw.choice([None, after(invited, 0, 30, 181, 182, 183)]),
        )  # fmt: skip
        referred = day()
        add(
            "community_referrals", "ZCM1", referral_id=f"r-{token}", **block, referred_on=referred,
            urgent=draw.choice(["N", "N", "Y"]),
            first_contact_on=draw.choice([None, after(referred, 0, 27, 28, 29, 90, 91, 150)]),
            closed_reason=draw.choice([None, None, "refused", "abandoned"]),
        )  # fmt: skip
        add(
            "sexual_health", "ZSH1", record_id=f"x-{token}", patient_id=f"clinic-{token}",
            activity=draw.choice(["LARC-IUD", "LARC-IUS", "LARC-IMP", "T4", "C4", "C4"]), gender=draw.choice(["1", "2", "2", "2"]),
            age=draw.choice([14, 15, 24, 25, 30, 44, 45]), lsoa_code=draw.choice([*areas, "E01009999", None]),
            attendance_date=day(),
        )  # fmt: skip
        for snapshot in draw.sample([date(2023, 6, 30), date(2024, 3, 31), date(2025, 6, 30)], 2):
            for number in range(draw.choice([1, 1, 2])):
                read = draw.choice([None, *(snapshot - timedelta(days=ago) for ago in (0, 100, 364, 365, 366))])
                add(
                    "pcn_long_term_conditions", draw.choice(["ZPN1", "ZPN2"]),
                    record_id=f"b-{token}-{snapshot}-{number}", person_token=block["person_token"],
                    condition=draw.choice(["hypertension", "hypertension", "diabetes"]), snapshot_date=snapshot,
                    last_bp_on=read, systolic=draw.choice([139, 140, 141, 150, 151]) if read else None,
                    diastolic=draw.choice([80, 90, 91]) if read else None,
                )  # fmt: skip

    def wait(token: str) -> None:
        """A second referral that overlaps the first, and contacts about the ends of the waits."""
        mine = [row for row in feeds["community_referrals"] if row.get("person_token") == token]
        if not mine:
            return
        block = {name: mine[0].get(name) for name in ("person_token", "local_token", "nhs_number_status")}
        second = after(mine[0]["referred_on"], 0, 7, 14)
        add(
            "community_referrals", "ZCM1", referral_id=f"s-{token}", **block, referred_on=second, urgent="N",
            first_contact_on=draw.choice([None, after(second, 14, 15, 40, 90, 91)]),
        )  # fmt: skip
        ends = [row.get("first_contact_on") for row in feeds["community_referrals"][-1:] + mine]
        for _ in range(draw.randint(0, 3)):
            end = draw.choice(ends)
            made = end - timedelta(days=draw.choice([0, 1, 2, 9])) if end else after(second, 0, 1, 20, 75, 76, 90, 91)
            add(
                "community_contacts", draw.choice(["ZCM1", "ZCM1", "ZCM2"]),
                care_contact_id=f"k{len(feeds['community_contacts']):05d}", referral_id=f"s-{token}",
                **(block if draw.random() < 0.9 else token_block(token)), contact_date=max(made, FIRST),
                attendance=draw.choice(["5", "5", "5", "6", "2", "3", "7"]),
            )  # fmt: skip

    def attend(token: str) -> None:
        """Attendances about the ends of years; some people come four, five or six times in one."""
        arrived = draw.choice([FIRST, date(2024, 3, 31), date(2024, 4, 1), day(FIRST, date(2025, 3, 1))])
        block = token_block(token)
        for _ in range(draw.choice([1, 2, 4, 5, 5, 6])):
            add(
                "emergency_care", "ZAT1", attendance_id=f"ed{len(feeds['emergency_care']):05d}",
                **(block if draw.random() < 0.95 else token_block(token)),
                department_type=draw.choice(["01", "01", "01", "03", "05"]), arrival_date=arrived,
                attendance_category=draw.choice(["1", "1", "1", "1", "2", "3", "4"]), departure_date=arrived,
                left_after_minutes=90,
                discharge_status=draw.choice(["admitted", "discharged", "discharged", "left_before_treatment"]),
            )  # fmt: skip
            arrived = after(arrived, 0, 1, 30, 60, 90)

    def hurry(token: str) -> None:
        """Urgent referrals: many on the nights on which clocks change, with contacts about two hours later."""
        nights = [date(2023, 10, 29), date(2024, 3, 31), date(2024, 10, 27), date(2025, 3, 30)]
        for _ in range(draw.randint(1, 3)):
            night = draw.random() < 0.6
            started = datetime.combine(draw.choice(nights) if night else day(), time())
            started += timedelta(minutes=draw.choice([-45, 0, 20, 30, 59, 61, 75, 119, 120] if night else [600, 1425]))
            started = max(started, datetime.combine(FIRST, time()))
            contacts = draw.choice([0, 1, 1, 1, 1, 2])
            number, block = len(feeds["urgent_community_response"]), token_block(token)
            for contact in range(max(contacts, 1)):
                made = started + timedelta(
                    seconds=draw.choice([0, 1800, 3600, 3601, 7199, 7200, 7201, 10800, 10801, 90000])
                )
                made = started - timedelta(minutes=1) if draw.random() < 0.03 and started.minute else made
                add(
                    "urgent_community_response", "ZCM1", referral_id=f"u{number:05d}", contact_number=contact + 1, **block,
                    clock_start_date=started.date(),
                    clock_start_time=started.time().isoformat() if draw.random() < 0.95 else None,
                    clock_start_offset=draw.choice([None, None, "+01:00", "+00:00"]),
                    contact_date=made.date() if contacts else None,
                    contact_time=made.time().isoformat() if contacts and draw.random() < 0.95 else None,
                    contact_offset=draw.choice([None, None, "+01:00", "+00:00"]) if contacts else None,
                    attendance=draw.choice(["5", "5", "5", "5", "6", "2", "2", "3", "4"]) if contacts else None,
                )  # fmt: skip

    def die(token: str) -> None:
        mine = [row for row in feeds["treatment_episodes"] if row.get("person_token") == token]
        ends = [row["discharge_date"] for row in mine if row.get("discharge_date")]
        stays = [row["discharge_date"] for row in feeds["admitted_care"] if row.get("person_token") == token]
        ends = stays if stays and draw.random() < 0.6 else ends
        then = max(after(max(ends), *(SOON if ends is stays else LATER)), FIRST) if ends else day()
        add(
            "deaths", "ZCC1", record_id=f"d-{token}", person_token=token if draw.random() < 0.9 else None,
            nhs_number_status="valid", date_of_death=then, external_or_neonatal=draw.choice(["N", "N", "N", "Y"]),
            place_of_death=draw.choice(["home", "care_home", "religious", "hospital", "hospice", "other"]),
        )  # fmt: skip
        wish(token, then)

    def offer(token: str) -> None:
        """Winter plans offered on the first and last days that count, and beside them."""
        for number in range(wintering.choice([0, 1, 1, 2])):
            year = wintering.choice([2023, 2024])
            days = [date(year, 8, 31), date(year, 9, 1), date(year, 10, 9), date(year, 12, 31), date(year + 1, 1, 1)]
            add(
                "winter_plans", "ZCM1", record_id=f"o-{token}-{number}", nhs_number_status="valid",
                person_token=token if wintering.random() < 0.95 else None, local_token=f"offer-{token}-{number}",
                offered_on=wintering.choice(days), accepted=wintering.choice(["Y", "N", None]),
            )  # fmt: skip

    def look_after(token: str) -> None:
        """Requests and what answers them around the 28th day; budgets and their reviews around a year."""
        asked = FIRST + timedelta(days=caring.randint(0, (LAST - FIRST).days))
        asked = caring.choice([asked, asked, asked, LATE - timedelta(days=caring.choice([27, 28]))])

        def event(kind: str, start: date, end: date | None, support: str | None = None) -> None:
            row = len(feeds["carers"])
            senders = [name for name, (told, _) in CARERS.items() if start <= told or told == LAST]
            add(
                "carers", caring.choice(senders), event_reference=f"v{row:05d}", carer_kind="adult",
                person_token=token if caring.random() < 0.95 else None, local_token=f"carer-{token}-{row}",
                nhs_number_status="valid", event_type=kind, event_start_date=start, event_end_date=end, support=support,
            )  # fmt: skip

        def later(start: date, *gaps: int) -> date:
            return start + timedelta(days=caring.choice(gaps))

        supports = ["direct_payment", "managed_budget", "respite", "information_and_advice", "other"]
        for _ in range(caring.choice([1, 1, 2])):
            event("Request", asked, asked)
            answer = later(asked, -1, 0, 27, 28, 29)
            if caring.random() < 0.5:
                event("Assessment", min(asked, answer), answer)
            if caring.random() < 0.6:
                given = later(asked, -1, 0, 28, 29)
                event("Service", given, caring.choice([None, None, later(given, 0, 90, 400)]), caring.choice(supports))
            asked = min(later(asked, 1, 10, 60), LAST)
        for quarter_end in caring.sample([date(2024, 3, 31), date(2024, 6, 30), date(2025, 3, 31)], 2):
            given = later(quarter_end, -400, -366, -365, -364)
            event("Service", given, caring.choice([None, later(quarter_end, -1, 0, 1)]), caring.choice(supports))
            seen = later(quarter_end, -366, -365, -90, 0, 1)
            event("Review", seen, seen)

    def take_courses(token: str) -> None:
        """Courses that end around the last day that counts, at a twentieth less or on the limits of activity."""
        for number in range(moving.choice([0, 1, 2])):
            start = FIRST + timedelta(days=moving.randint(0, (LAST - FIRST).days))
            end = moving.choice([None, *(start + timedelta(days=gap) for gap in (0, 84, 181, 182, 183))])
            end = None if end is None or end > LAST else end
            weight = Decimal(moving.choice(["80.0", "100.0", "88.6"]))
            lighter = weight * 95 / 100 + Decimal(moving.choice(["-4.0", "-0.1", "0", "0.1", "5.0"]))
            add(
                "weight_and_activity", moving.choice(["ZWA1", "ZWA2"]), record_id=f"c-{token}-{number}",
                person_token=token if moving.random() < 0.9 else None, local_token=f"course-{token}-{number}",
                nhs_number_status="valid", referred_on=start,
                programme=moving.choice(["adult_weight_management", "activity_on_referral", "activity_on_referral",
                                         "child_weight_management"]),
                started_on=moving.choice([None, start, start, start, start]), ended_on=end,
                end_status=None if end is None else moving.choice(["completed"] * 4 + ["left_early", "transferred"]),
                start_weight_kg=moving.choice([None, weight, weight, weight]),
                end_weight_kg=moving.choice([None, *[lighter.quantize(Decimal("0.1"))] * 4]),
                start_active_minutes=moving.choice([None, 0, 29, 29, 30, 149, 150]),
                end_active_minutes=moving.choice([None, 0, 29, 30, 149, 150, 150]),
            )  # fmt: skip

    def wish(token: str, died: date) -> None:
        """Plans made, reviewed and closed around the day of death, some on one day by both services."""
        said = [died + timedelta(days=gap) for gap in (-400, -30, -30, -1, 0, 1)]
        for number in range(wishing.choice([0, 1, 1, 2, 3])):
            made = wishing.choice(said)
            seen = wishing.choice([None, *(day for day in said if day >= made)])
            closed = wishing.choice([None, None, died, died + timedelta(days=wishing.choice([-1, 0, 1]))])
            add(
                "end_of_life_plans", wishing.choice(["ZHO1", "ZCM1"]), record_id=f"w-{token}-{number}",
                person_token=token if wishing.random() < 0.95 else None, local_token=f"wish-{token}-{number}",
                nhs_number_status="valid", plan_created_on=made, reviewed_on=seen,
                preferred_place=wishing.choice(["home", "home", "hospital", "hospice", "care_home", "not_discussed"]),
                plan_ended_on=None if closed is None else max(closed, made),
            )  # fmt: skip

    def ask(number: int) -> None:
        """One survey of many, one that few answer; questions left out, groups not said, weights that differ."""
        organisation = "ZCC1" if number % 3 else "ZCX1"
        odds = (70, 15, 10, 5) if organisation == "ZCC1" else (6, 4, 60, 30)
        (status,) = draw.choices(["complete", "partial", "refused", "not_reached"], odds)
        said: Row = {}
        if status in ("complete", "partial"):
            scale, words = [None, 1, 2, 3, 4, 4, 5, 5], [None, "yes", "yes", "no", "not_sure"]
            said = {name: draw.choice(scale) for name in ("told_story_once", "quick_help")}
            said |= {name: draw.choice(words) for name in ("named_contact", "natural_support")}
            least = 1 if status == "complete" else 0
            said |= {name: draw.choice(scale[least:]) for name in ("overall_experience", "coordination", "listened_to")}
            said |= {"social_contact": draw.choice([None, 1, 2, 3, 4, 4])}
            said |= {"active_minutes": draw.choice([None, 0, 29, 30, 149, 150, 600])}
        groups = {name: draw.choice([None, "yes", "no"]) for name in ("lives_alone", "carer", "long_term_condition")}
        add(
            "resident_survey", organisation, response_id=f"Q-{number:06d}", asked_on=day(), response_status=status,
            age_band=draw.choice([None, "16_34", "35_49", "50_64", "65_79", "80_plus"]), **said, **groups,
            design_weight=draw.choice([Decimal("1.0000"), Decimal("2.5000"), Decimal("0.3333"), Decimal("17.2500")]),
        )  # fmt: skip

    for number in range(people):
        token = f"p{number:04d}"
        register(token)
        for write, share in ((treat, 0.6), (admit, 0.6), (care, 0.6), (live, 0.7), (die, 0.25)):
            if draw.random() < share:
                write(token)
        take_courses(token)
        offer(token)
        if caring.random() < 0.4:
            look_after(token)
    # last, so that what was drawn before stays as it was
    for number in range(people):
        for write, share in ((wait, 0.7), (hurry, 0.5), (attend, 0.5)):
            if draw.random() < share:
                write(f"p{number:04d}")
    for number in range(4 * people):
        ask(number)
    # At the edges of what a survey's figures may rest on: asked, answered, weight.
    for organisation, asked, answered, scale in (
        ("ZEQ1", 150, 30, 1), ("ZEQ2", 151, 30, 1), ("ZEQ3", 29, 29, 1), ("ZEQ4", 30, 30, 0),
    ):  # fmt: skip
        for number in range(asked):
            yes, has = number % 2 == 0, number < answered
            add(
                "resident_survey", organisation, response_id=f"E-{number:06d}", asked_on=date(2024, 5, 1),
                response_status="partial" if has else "not_reached", told_story_once=(4 if yes else 3) if has else None,
                design_weight=Decimal(scale * (1 if yes else 3)).quantize(Decimal("0.0001")),
            )  # fmt: skip
    for organisation, (told, left) in CARERS.items():
        place.told_until["carers", organisation] = told
        if left is not None:
            place.left["carers", organisation] = left
    place.send_all(feeds)
    return Reference(feeds, registered, networks, areas, {"carers": list(CARERS.values())})
