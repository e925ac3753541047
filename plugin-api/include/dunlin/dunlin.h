/* SPDX-License-Identifier: Apache-2.0 */
/* dunlin/dunlin.h: the whole plugin ABI in one include. Read base.h first, then entry.h, auth.h, router.h. */
#ifndef DUNLIN_DUNLIN_H
#define DUNLIN_DUNLIN_H

#include "dunlin/auth.h"
#include "dunlin/base.h"
#include "dunlin/entry.h"
#include "dunlin/ext/cache.h"
#include "dunlin/ext/channel.h"
#include "dunlin/ext/config.h"
#include "dunlin/ext/conn.h"
#include "dunlin/ext/context.h"
#include "dunlin/ext/http.h"
#include "dunlin/ext/log.h"
#include "dunlin/ext/loop.h"
#include "dunlin/ext/metrics.h"
#include "dunlin/ext/queue.h"
#include "dunlin/ext/redis.h"
#include "dunlin/ext/reply.h"
#include "dunlin/ext/socket.h"
#include "dunlin/ext/subscribe.h"
#include "dunlin/ext/task.h"
#include "dunlin/ext/timer.h"
#include "dunlin/ext/tls.h"
#include "dunlin/filter.h"
#include "dunlin/framer.h"
#include "dunlin/guard.h"
#include "dunlin/host.h"
#include "dunlin/route.h"
#include "dunlin/router.h"

#endif
