/* What @NAME@ makes of messages. */
#include "fake_host.h"

static const dunlin_router *router;
static dunlin_instance *instance;

static dunlin_verdict say(const char *text) {
    dunlin_message message;
    memset(&message, 0, sizeof message);
    message.data = fake_str(text);
    message.kind = DUNLIN_TEXT;
    fake_sent[0] = fake_published[0] = '\0';
    return router->message(instance, 1, &message, 1);
}

int main(int argc, char **argv) {
    const dunlin_module *module;
    dunlin_settings *settings = NULL;
    EXPECT(argc == 2);
    module = fake_open(argv[1]);
    router = (const dunlin_router *)module->get_interface(DUNLIN_ROUTER);
    EXPECT(module->configure(&fake_host, fake_str("{}"), &settings) == DUNLIN_OK);
    EXPECT(module->create(&fake_host, settings, &instance) == DUNLIN_OK);

    EXPECT(router->open(instance, 1, 1) == DUNLIN_ALLOW);
    EXPECT(say("hello") == DUNLIN_ALLOW && strcmp(fake_sent, "hello") == 0);
    EXPECT(say("join news") == DUNLIN_ALLOW && strcmp(fake_sent, "joined") == 0);
    EXPECT(say("news:it rains") == DUNLIN_ALLOW && strcmp(fake_published, "it rains") == 0);
    router->close(instance, 1, 1000, NULL);

    module->destroy(instance);
    module->discard(settings);
    puts("passed");
    return 0;
}
