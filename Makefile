# Further arguments: make test ARGS="-m 'not wheel'". On Windows: python make.py lab
PYTHON ?= python3

.PHONY: lab test check js sync bench bench-smoke
lab: ; @$(PYTHON) make.py lab $(ARGS)
test: ; @$(PYTHON) make.py test $(ARGS)
check: ; @$(PYTHON) make.py check $(ARGS)
js: ; @$(PYTHON) make.py js $(ARGS)
sync: ; @$(PYTHON) make.py sync $(ARGS)
bench: ; @$(PYTHON) make.py bench $(ARGS)
bench-smoke: ; @$(PYTHON) make.py bench-smoke $(ARGS)
