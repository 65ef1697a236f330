/* The protocol between the two hubs, for spin. docs/protocol.md tells it in words, and how to run this.
 *
 * One story: a change that one hub or both see (OPEN, which owes the page), and another that perhaps one sees (NEWS).
 * Hub 0 is the primary. A hub has a table (what survives) and a comparator; the primary has INVOCATIONS of it at a time. `atomic` is what
 * the code does in one conditional write or transaction; between two of them anything may happen elsewhere.
 * Time is left out: a timer may run out at any moment after it was set, however late messages are. Two facts about time
 * are kept: a claim (outbox.CLAIM) outlives the invocation that took it, and a hub that is lost stays so for longer than
 * the other one takes to send a message (a shorter outage is a killed invocation and lost calls).
 *
 * The bound is a budget of faults, of any kind and at any place: an invocation killed; a hub lost (functions, table,
 * topics), for a while or for ever; a call to the other hub lost, its answer lost, or done later than thought; SNS
 * refuses, or its answer is lost. What a NO_… or …_FIRST takes away or changes must be found wrong by spin.
 */
#ifndef FAULTS
#define FAULTS 2
#endif
#ifndef INVOCATIONS
#define INVOCATIONS 1
#endif
#ifndef MOST
#define MOST (1 + unknown + cut)
#endif

#define OPEN 1
#define NEWS 2

mtype = { SENT, PENDING, NOTHING };

typedef Table {          /* what one hub's table holds of the group */
    byte stream;         /* changed observations that are not judged yet (Lambda repeats a failed batch) */
    byte log;            /* events */
    byte folded;         /* what the head knows of; each commit changes it, as it changes Head.counter */
    byte copies;         /* own events with a timer: the other hub has not got them */
    byte came;           /* the other hub's events with a timer: not folded yet (`foreign`) */
    mtype page;          /* the page's status in the outbox */
    bool body;           /* it was put into this outbox, not only reported as sent */
    bool mine;           /* sent_by is this hub */
    bool tell;           /* sent, with a timer: the other hub does not know it */
    bool claimed         /* due_at lies in the future since somebody is sending it */
}
Table hub[2];
bool up[2] = true;
byte late_event[2];      /* given up by the caller, and on its way all the same */
bool late_mark[2];
byte faults = FAULTS;

byte seen[2];            /* what each hub's record shows of the change */
byte pages;              /* what SNS took */
byte unknown;            /* … and whose end nobody wrote down */
bool cut;                /* what the standby asked or did has not come to the primary in time */
bool away;               /* the primary was lost, and not so long ago that it believes to know all (Outbox._was_away) */

inline receive(at, events) {                             /* timer_store.receive: conditional, twice is once */
    hub[at].came = hub[at].came | (events & ~hub[at].log);
    hub[at].log = hub[at].log | events
}

inline mark_sent(at, by_itself) {                        /* timer_store.mark_sent */
    assert(pages > 0);                                   /* never recorded as sent unless SNS has it */
    hub[at].page = SENT;
    hub[at].mine = by_itself;
    hub[at].claimed = false;
#ifndef NO_TELL_TIMER
    hub[at].tell = by_itself                             /* at home its timer stays until the other hub knows */
#endif
}

inline copy(events) {                                    /* Settler.copy */
    if
    :: up[o] -> receive(o, events); ok = true
    :: up[o] && faults -> faults--; receive(o, events)                     /* the answer is lost */
    :: up[o] && faults -> faults--; late_event[o] = late_event[o] | events /* it comes later */
    :: up[o] && faults -> faults--                                         /* the request is lost */
    :: !up[o]
    fi
}

inline tell_other() {                                    /* Outbox._tell_others */
    if
#ifdef NO_MARK
    :: ok = true
#else
    :: up[o] -> mark_sent(o, false); ok = true
    :: up[o] && faults -> faults--; mark_sent(o, false)
    :: up[o] && faults -> faults--; late_mark[o] = true
    :: up[o] && faults -> faults--
    :: !up[o]
#endif
    fi
}

inline publish() {                                       /* Topics.publish */
    pages++;
    assert(pages <= MOST)                                /* one page, but for what nobody can know */
}

#if defined(NO_DEADLINE)
#define MAY_SEND (h == 0)
#elif defined(NO_ASK)
#define MAY_SEND true
#elif defined(NO_LATE_ASK)
#define MAY_SEND (h == 0 || !up[0] || faults || (hub[0].page != SENT && !hub[0].claimed))
#else                    /* asking a hub that is at it, or done, changes nothing */
#define MAY_SEND (!up[o] || faults || (hub[o].page != SENT && (h == 0 || !hub[0].claimed)))
#endif
#ifdef NO_LATE_ASK
#define ATONCE (h == 0)
#else
#define ATONCE (first && !away)      /* straight after its commit the primary asks nobody */
#endif
#ifdef REMEMBERS         /* who was away asks: only a word that was lost on the way counts as not heard */
#define UNHEARD up[o]
#else
#define UNHEARD true
#endif
#define FAILS (!up[h] || faults)                         /* the invocation may end here: killed, or its hub lost */
#define DIES faults = (up[h] -> faults - 1 : faults)

proctype comparator(byte h) {
    byte o = 1 - h, folded, log, new, came;
    bool ok, first, took; /* took: the standby has claimed it at the primary */

end:
    atomic {             /* what starts an invocation, or is the next work of one */
        if
        :: up[h] && hub[h].stream -> goto look                             /* Comparator.on_records */
        :: up[h] && hub[h].came -> came = hub[h].came;                     /* _on_due_event: foreign … */
#ifdef FORGET_FIRST
            hub[h].came = 0;
#endif
            goto look
        :: up[h] && hub[h].copies && up[o] -> new = hub[h].copies; goto copying       /* … and ours */
        :: up[h] && hub[h].body && hub[h].page == PENDING && !hub[h].claimed && MAY_SEND -> goto deliver
        :: up[h] && hub[h].mine && hub[h].page == SENT && hub[h].tell && up[o] -> goto telling
        fi
    }
look:
    atomic {                                             /* Settler._settle_once: read, decide.decide … */
        log = hub[h].log;
        folded = hub[h].folded;
        if
        :: hub[h].stream && !(log & OPEN) -> new = OPEN
        :: (hub[h].stream & NEWS) && (log & OPEN) && !(log & NEWS) -> new = NEWS
        :: else -> new = 0
        fi
    }
    atomic {                                             /* … and hub_store.commit */
        if
        :: FAILS -> DIES; goto over
        :: up[h] && (folded != hub[h].folded || (new & hub[h].log)) -> goto look      /* Conflict */
        :: up[h] && folded == hub[h].folded && !(new & hub[h].log) ->
            hub[h].log = hub[h].log | new;
            hub[h].folded = log | new;
            hub[h].stream = hub[h].stream & ~hub[h].folded;
            hub[h].came = hub[h].came & ~came;                             /* forget_due: not before */
#ifndef NO_COPY_TIMER
            hub[h].copies = hub[h].copies | new;
#endif
            if
            :: (hub[h].folded & OPEN) && !hub[h].body ->                   /* timer_store.enqueue_in */
                hub[h].body = true;
                first = h == 0 && hub[h].page == NOTHING;                  /* Outbox.send_at: the standby waits */
                hub[h].page = (hub[h].page == NOTHING -> PENDING : hub[h].page)
            :: else
            fi
        fi
    }
copying:
    atomic {                                             /* killed after it is as if its answer were lost */
        if
        :: !new
        :: new && FAILS -> DIES; goto over
        :: new && up[h] ->
            copy(new);
            hub[h].copies = (ok -> hub[h].copies & ~new : hub[h].copies | new)        /* forget_due, copy_later */
        fi;
        ok = false; new = 0;
        if
        :: first
        :: else -> goto over
        fi
    }
deliver:
    atomic {                                             /* Outbox.deliver: timer_store.claim … */
        if
        :: FAILS -> DIES; goto over
        :: up[h] && (hub[h].page != PENDING || hub[h].claimed) -> goto over
        :: up[h] && hub[h].page == PENDING && !hub[h].claimed ->
#ifndef NO_CLAIM
            hub[h].claimed = true;
#endif
#ifdef MARK_FIRST
            mark_sent(h, true);
#endif
            skip
        fi
    }
#ifndef NO_ASK
    atomic {                                             /* … the standby: claim_from; a late primary: announce … */
        if
        :: ATONCE
        :: !ATONCE && FAILS -> DIES; goto progress_owed
        :: h == 1 && up[1] && up[0] && hub[0].page != SENT && !hub[0].claimed -> hub[0].claimed = true; took = true
        :: h == 1 && up[1] && up[0] && (hub[0].page == SENT || hub[0].claimed) -> goto progress_owed
        :: h == 0 && !ATONCE && up[0] && up[1] && hub[1].page != SENT
        :: h == 0 && !ATONCE && up[0] && up[1] && hub[1].page == SENT -> goto progress_owed
        :: !ATONCE && up[h] && up[o] && faults -> faults--; cut = true
        :: !ATONCE && up[h] && !up[o] -> cut = true
        fi
    }
#endif
    atomic {                                             /* … Topics.publish … */
        if
        :: FAILS -> DIES; goto progress_owed
        :: up[h] && faults -> faults--; goto progress_owed                       /* DeliveryFailed: it stays owed */
        :: up[h] && faults -> faults--; unknown++; publish(); goto progress_owed
        :: up[h] -> publish()
        fi
    }
    atomic {                                             /* … timer_store.mark_sent at home … */
        if
        :: FAILS -> DIES; unknown++; goto progress_owed
        :: up[h] -> mark_sent(h, true)
        fi
    }
telling:
    atomic {                                             /* … and in the other hub */
        if
        :: FAILS -> DIES; cut = cut || h == 1
        :: up[h] ->
            tell_other();
            cut = cut || (h == 1 && !ok && UNHEARD);
            hub[h].tell = hub[h].mine && !ok                               /* forget_due, or tell_later */
        fi;
        goto over
    }
progress_owed:                                           /* asking in vain may go on for as long as another is at it */
    hub[h].claimed = false;                              /* the claim runs out */
over:
    atomic {
        hub[0].claimed = (took -> false : hub[0].claimed);
        folded = 0; log = 0; new = 0; came = 0; ok = false; first = false; took = false;
        goto end
    }
}

proctype world(byte h) {
end:
    do
    :: atomic { up[h] && late_event[h] -> receive(h, late_event[h]); late_event[h] = 0 }
    :: atomic { up[h] && late_mark[h] -> mark_sent(h, false); late_mark[h] = false }
    :: atomic { up[h] && faults -> faults--; up[h] = false }
        if
#ifndef NO_AWAY
        :: atomic { !hub[1 - h].claimed -> up[h] = true; away = away || h == 0 }
#endif
#if !defined(REMEMBERS) || defined(NO_AWAY)
        :: atomic { !hub[1 - h].claimed -> up[h] = true }                  /* what it missed comes long after */
#endif
        :: break                                         /* for ever */
        fi
    od
}

active proctype verdict() {                              /* when nothing is left to do */
    byte h;
    timeout;
    assert(!(up[0] && up[1]) || hub[0].log == hub[1].log);                 /* the logs are one */
    for (h : 0 .. 1) {
        if
        :: up[h] && (seen[h] || (hub[h].log & OPEN)) ->
            assert(pages > 0);                                             /* never no page */
            assert(hub[h].page == SENT && !hub[h].stream && !hub[h].came)  /* nobody waits for anything */
        :: else
        fi
    }
}

init {
    atomic {
        if :: seen[0] = OPEN :: seen[0] = OPEN | NEWS :: seen[0] = 0 fi;
        if :: seen[1] = OPEN :: seen[1] = OPEN | NEWS :: seen[0] -> seen[1] = 0 fi;
        hub[0].page = NOTHING; hub[0].stream = seen[0];
        hub[1].page = NOTHING; hub[1].stream = seen[1];
        run comparator(0); run comparator(1); run world(0); run world(1);
#if INVOCATIONS == 2
        run comparator(0)
#endif
    }
}
