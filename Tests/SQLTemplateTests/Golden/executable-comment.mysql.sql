1:43: context: MySQL runs what stands in /*! … */, so this is no comment
