# make && make test: the same without CMake. Needs dunlin's pkg-config file: PKG_CONFIG_PATH=PREFIX/lib/pkgconfig
CFLAGS ?= -O2 -Wall -Wextra
CXXFLAGS ?= -O2 -Wall -Wextra
API := $(shell pkg-config --cflags dunlin)
DUNLIN := $(shell pkg-config --variable=program dunlin)
EXPORTS := $(shell pkg-config --variable=exports dunlin)

@NAME@.so: @NAME@.cpp
	$(CXX) $(CXXFLAGS) $(API) -std=c++17 -shared -fPIC -fvisibility=hidden -Wl,--version-script=$(EXPORTS) -o $@ $<

test-@NAME@: test.c fake_host.h
	$(CC) $(CFLAGS) $(API) -std=c11 -o $@ test.c -ldl

test: @NAME@.so test-@NAME@
	./test-@NAME@ ./@NAME@.so
	$(DUNLIN) plugin check ./@NAME@.so --settings @settings.json

clean:
	rm -f @NAME@.so test-@NAME@
.PHONY: test clean
