# Further arguments: make test ARGS="-m 'not wheel'". On Windows: python make.py lab
PYTHON ?= python3

.PHONY: lab test check sync
lab: ; @$(PYTHON) make.py lab $(ARGS)
test: ; @$(PYTHON) make.py test $(ARGS)
check: ; @$(PYTHON) make.py check $(ARGS)
sync: ; @$(PYTHON) make.py sync $(ARGS)
